import {isSecretName} from '../../text/secret-name.ts';

/** Keys of any kind, and addresses that usually contain a password. */
const often =
  /(?:^|_)(?:KEY|DSN)$|(?:^|_)(?:DATABASE|DB|POSTGRES|MYSQL|MONGO(?:DB)?|REDIS|AMQP|RABBITMQ|BROKER)_UR[IL]$/i;

/** Whether the value of a variable can be a secret, by its name: deploy.yaml then has a reference. */
export const needsReference = (name: string): boolean => isSecretName(name) || often.test(name);
