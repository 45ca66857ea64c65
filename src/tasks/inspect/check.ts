import {randomBytes} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import {resolve} from 'node:path';
import {dockerImageInspect} from '../../commands/docker.ts';
import {checkImage, type Report} from '../../contract/check.ts';
import {readImageFacts} from '../../contract/image/facts.ts';
import {describeService, type ServiceUnderTest} from '../../contract/image/service-under-test.ts';
import {reportFormats, reportText} from '../../contract/reports.ts';
import {requestedRules, skippedRules} from '../../contract/rules/index.ts';
import {problem} from '../../errors.ts';
import {requireEngine} from '../../image/docker.ts';
import {findBuiltImage} from '../../image/find.ts';
import {option} from '../../option.ts';
import {readService, type Service} from '../../service/service.ts';
import type {Scope} from '../../shell/index.ts';
import {roleLabels, type Stack, stackName} from '../../stack/names.ts';
import {bringUpTestSurroundings} from '../../stack/test-stack.ts';
import {type Context, task} from '../../task.ts';

/**
 * Inspects and runs any image, whoever built it. What its service needs comes from deploy.yaml (`test_integration`)
 * where the image is of the service in this directory, and from the options.
 */
export const check = task(
  'Check an image against the container contract',
  {
    image: option.string(undefined, 'image to check; default: the one that build made of this commit', {
      positional: true,
    }),
    format: option.choice(reportFormats, 'table', 'form of the report'),
    output: option.string(undefined, 'file for the report; default: the standard output'),
    rule: option.list([], 'check only this rule'),
    env: option.list([], 'variable that the service needs: NAME=value, or NAME for a secret of our own environment'),
    command: option.string(
      undefined,
      'words after the image that serve; default: run, or the command of an image that has none of ours',
    ),
    port: option.number(undefined, 'port of the service; default: from deploy.yaml, or the one that the image exposes'),
    health: option.string(
      undefined,
      'path that answers 200 when the service may get traffic; default: from deploy.yaml, or any answer of /',
    ),
    alive: option.string(undefined, 'path that answers 200 while the process is alive; default: /healthz'),
    slowPath: option.string(
      undefined,
      'path that takes two seconds to answer, for the request at SIGTERM; default: a request in two halves',
    ),
    helper: option.string('entrypoint/base:26', 'image with node and sh, from which the probes run'),
  },
  async (context, values): Promise<Report | undefined> => {
    const {run, say} = context;
    const rules = requestedRules(values.rule);
    // What is done next depends on what was seen before: no script could do it.
    const real = await run.act(
      `# checks ${values.image ?? 'the built image'}: runs some twenty containers of it, three at a time, and removes them`,
      async () => true,
    );
    if (real === undefined) return undefined;
    await requireEngine(run);
    const service = await readService(context);
    const image =
      values.image === undefined
        ? (await findBuiltImage(context, service)).reference
        : await imageId(context, values.image);
    const facts = await readImageFacts(run, image);
    const stack: Stack = {service: service.name, environment: `check-${randomBytes(4).toString('hex')}`};
    const subject = describeService({
      facts,
      image,
      settings: service.deployFile,
      serviceName: service.name,
      values,
      network: stackName(stack),
      labels: roleLabels(stack, 'task'),
    });
    const skip = subject.isOurs ? skippedRules(service.deployFile.check.skip) : {};
    const report = await run.scope((scope) =>
      checkAmong(context, scope, stack, subject.isOurs ? service : undefined, subject, {image: facts, rules, skip}),
    );
    const text = reportText(report, values.format);
    if (values.output === undefined) say(text);
    else await writeFile(resolve(context.cwd, values.output), `${text}\n`);
    if (report.passed) return report;
    throw contractBroken(report);
  },
);

/** Of any image: one without a single label, too. */
async function imageId({run}: Context, name: string): Promise<string> {
  const {exitCode, stdout, stderr} = await run.read(dockerImageInspect('{{.Id}}', name), {allow: [1]});
  if (exitCode === 0) return stdout.trim();
  throw problem({
    code: 'image_missing',
    what: `the image ${name} is not on this engine`,
    details: stderr.trim().split('\n').slice(-1),
    fix: `entrypoint build makes the one of this commit; anybody's: docker pull ${name}`,
  });
}

/** Puts the backing services of the service beside the image, and checks it. */
async function checkAmong(
  context: Context,
  scope: Scope,
  stack: Stack,
  service: Service | undefined,
  subject: ServiceUnderTest,
  options: Parameters<typeof checkImage>[2],
): Promise<Report> {
  const {image, environment, secrets} = subject;
  await bringUpTestSurroundings(context, scope, stack, service?.deployFile, {
    container: {image, environment, secrets},
    told: (name) => ({capture: true, purpose: `the task ${name}, which test_integration names in deploy.yaml, failed`}),
  });
  return checkImage(context.run, subject, options);
}

function contractBroken({image, results}: Report): Error {
  const broken = results.filter(({status, severity}) => status === 'fail' && severity === 'error');
  return problem({
    code: 'contract_broken',
    what: `${image} breaks ${broken.length} rule${broken.length === 1 ? '' : 's'} of the contract`,
    details: broken.map(({id, evidence}) => `${id}: ${evidence}`),
    fix: 'the report tells the fix of each; docs/contract.md tells why. A rule that does not fit: `check: {skip: {RULE: reason}}` in deploy.yaml',
  });
}
