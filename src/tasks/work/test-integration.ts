import {randomBytes} from 'node:crypto';
import {dockerCopyOut, dockerRemove, dockerRun} from '../../commands/docker/index.ts';
import {usageProblem} from '../../errors.ts';
import {requireEngine} from '../../image/engine.ts';
import {findBuiltImage, findImage} from '../../image/find.ts';
import {type HealthCheck, serviceHealth} from '../../service/schema/health-check.ts';
import type {DeployFile} from '../../service/schema/schema.ts';
import {readService, type Service} from '../../service/service.ts';
import type {Scope} from '../../shell/index.ts';
import {awaitAnswer} from '../../stack/await-answer.ts';
import {awaitHealth, awaitHealthCommand} from '../../stack/await-health.ts';
import {withLastLog} from '../../stack/last-log.ts';
import {roleLabels, type Stack, stackName} from '../../stack/names.ts';
import {startTestStack} from '../../stack/test-stack.ts';
import type {Context} from '../../task.ts';
import {runTests} from '../suite.ts';

/** Values of the task `test_integration`. */
export interface TestIntegrationValues {
  readonly image: string | undefined;
  readonly start: boolean;
  readonly waitFor: string | undefined;
  readonly waitCheck: string | undefined;
  readonly waitSeconds: number;
  readonly output: string | undefined;
}

/** Starts the service and what it needs, and runs the tests in a container of the same image. */
export async function testImage(
  context: Context,
  {image: wanted, start, waitFor, waitCheck, waitSeconds, output}: TestIntegrationValues,
): Promise<void> {
  if (!start) {
    const check = waitCheck === undefined ? undefined : readCheck(waitCheck);
    if (waitFor !== undefined)
      await context.run.act(`# waits until ${waitFor} ${check === undefined ? 'answers 200' : 'is healthy'}`, () =>
        check === undefined
          ? awaitAnswer(waitFor, waitSeconds, context.signal)
          : awaitHealth(waitFor, check, waitSeconds, context.signal),
      );
    await runTests(context, 'test/integration', {output});
    return;
  }
  const {run} = context;
  await requireEngine(context);
  const service = await readService(context);
  const {reference: image} =
    wanted === undefined ? await findBuiltImage(context, service) : await findImage(context, wanted);
  const stack: Stack = {service: service.name, environment: `test-${randomBytes(4).toString('hex')}`};
  await run.scope(async (scope) => testAmong(context, scope, stack, {service, image, output}));
}

const usualSeconds = 60;

/** As long as a deploy and a check wait for the service to start. */
const readySecondsOf = ({check, environments}: DeployFile): number =>
  Math.max(
    usualSeconds,
    check.start_timeout_seconds ?? 0,
    ...Object.values(environments).map((one) => one.ready_timeout_seconds),
  );

/** @throws Problem `usage` */
function readCheck(text: string): HealthCheck {
  try {
    const check = JSON.parse(text) as HealthCheck;
    if (['http', 'tcp', 'command'].includes(check.kind)) return check;
  } catch {}
  throw usageProblem('--wait-check is not a health check', 'test_integration passes it to the container of the tests');
}

interface Suite {
  readonly service: Service;
  readonly image: string;
  readonly output: string | undefined;
}

async function testAmong(context: Context, scope: Scope, stack: Stack, {service, image, output}: Suite): Promise<void> {
  const {run, rest} = context;
  const {deployFile} = service;
  const {environment, secrets} = deployFile.test_integration;
  const network = stackName(stack);
  const settings = {
    image,
    network,
    environment: {PORT: String(deployFile.port), ...environment},
    secrets,
  };
  await startTestStack(context, scope, stack, {deployFile, container: settings});
  const app = `${network}.service`;
  scope.always(dockerRemove(app));
  await run(
    dockerRun(
      {...settings, name: app, aliases: ['service'], labels: roleLabels(stack, 'app'), command: ['run']},
      'detached',
    ),
    {capture: true},
  );
  const address = `http://service:${deployFile.port}`;
  const check = serviceHealth(deployFile);
  const seconds = readySecondsOf(deployFile);
  await awaitHealthCommand(context, app, check, seconds);
  // A path alone is asked for as by every version: the image can be of an earlier one.
  const wait =
    typeof deployFile.health === 'string'
      ? [`--wait-for=${address}${deployFile.health}`]
      : [`--wait-for=${address}`, `--wait-check=${JSON.stringify(check)}`];
  const tests = `${network}.test-integration`;
  scope.always(dockerRemove(tests));
  const tested = run(
    dockerRun(
      {
        ...settings,
        name: tests,
        labels: roleLabels(stack, 'task'),
        environment: {...settings.environment, BASE_URL: address},
        command: [
          'test-integration',
          '--no-start',
          ...wait,
          ...(seconds === usualSeconds ? [] : [`--wait-seconds=${seconds}`]),
          ...(output === undefined ? [] : [`--output=${reportsInside}`]),
          ...(rest.length === 0 ? [] : ['--', ...rest]),
        ],
      },
      'kept',
    ),
    {purpose: 'the integration tests failed', fix: 'see their output above'},
  );
  await withLastLog(run, app, () => tested).finally(() => takeReports(context, tests, output));
}

const reportsInside = '/tmp/reports';

/** Copies the reports, those of failed tests included. Tests that did not start leave none. */
async function takeReports({run}: Context, container: string, output: string | undefined): Promise<void> {
  if (output === undefined) return;
  await run(['mkdir', '-p', output], {capture: true});
  await run(dockerCopyOut(container, `${reportsInside}/.`, output), {capture: true, allow: [1]});
}
