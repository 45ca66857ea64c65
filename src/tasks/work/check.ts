import {randomBytes} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import {resolve} from 'node:path';
import {dockerImageInspect} from '../../commands/docker/index.ts';
import {declaredVariables} from '../../config/service/index.ts';
import {checkImage, type Report} from '../../contract/check.ts';
import {readImageFacts} from '../../contract/image/facts.ts';
import {describeService, type ServiceUnderTest} from '../../contract/image/service-under-test.ts';
import {type ReportFormat, reportText} from '../../contract/reports.ts';
import {requestedRules, skippedRules} from '../../contract/rules/index.ts';
import {problem} from '../../errors.ts';
import {dockerTemporaryDirectory} from '../../image/docker.ts';
import {requireEngine} from '../../image/engine.ts';
import {findBuiltImage} from '../../image/find.ts';
import {readService, type Service} from '../../service/service.ts';
import type {Scope} from '../../shell/index.ts';
import {roleLabels, type Stack, stackName} from '../../stack/names.ts';
import {startTestStack} from '../../stack/test-stack.ts';
import type {Context} from '../../task.ts';

/** Values of the task `check`. */
export interface CheckValues {
  readonly image: string | undefined;
  readonly format: ReportFormat;
  readonly output: string | undefined;
  readonly rule: readonly string[];
  readonly env: readonly string[];
  readonly command: string | undefined;
  readonly port: number | undefined;
  readonly health: string | undefined;
  readonly tcp: boolean;
  readonly startTimeout: number | undefined;
  readonly alive: string | undefined;
  readonly slowPath: string | undefined;
  readonly helper: string;
}

/** Checks an image; undefined in a dry run. */
export async function checkContract(context: Context, values: CheckValues): Promise<Report | undefined> {
  const {run, say} = context;
  const rules = requestedRules(values.rule);
  // Each step depends on the result of the one before, which a script cannot express.
  const real = await run.act(
    `# checks ${values.image ?? 'the built image'}: runs about twenty containers of it, three at a time, and removes them`,
    async () => true,
  );
  if (real === undefined) return undefined;
  await requireEngine(context);
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
    declared: await declaredVariables(context),
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
}

/** The id of any image, even one without labels. */
async function imageId({run}: Context, name: string): Promise<string> {
  const {exitCode, stdout, stderr} = await run.read(dockerImageInspect('{{.Id}}', name), {allow: [1]});
  if (exitCode === 0) return stdout.trim();
  throw problem({
    code: 'image_missing',
    what: `no such image on this engine: ${name}`,
    details: stderr.trim().split('\n').slice(-1),
    fix: `entrypoint build builds the image of this commit; for any other: docker pull ${name}`,
  });
}

/** Starts the service's backing services, and checks the image. */
async function checkAmong(
  context: Context,
  scope: Scope,
  stack: Stack,
  service: Service | undefined,
  subject: ServiceUnderTest,
  options: Parameters<typeof checkImage>[2],
): Promise<Report> {
  const {image, environment, secrets} = subject;
  await startTestStack(context, scope, stack, {
    deployFile: service?.deployFile,
    container: {image, environment, secrets},
    taskOptions: (name) => ({
      capture: true,
      purpose: `task ${name} of test_integration failed`,
    }),
  });
  return checkImage(context.run, subject, {...options, temporary: dockerTemporaryDirectory(context.env)});
}

function contractBroken({image, results}: Report): Error {
  const broken = results.filter(({status, severity}) => status === 'fail' && severity === 'error');
  return problem({
    code: 'contract_broken',
    what: `${image} breaks ${broken.length} rule${broken.length === 1 ? '' : 's'} of the contract`,
    details: broken.map(({id, evidence}) => `${id}: ${evidence}`),
    fix: 'see the fix of each rule in the report, and its reason in docs/contract.md; to skip a rule: `check: {skip: {RULE: reason}}` in deploy.yaml',
  });
}
