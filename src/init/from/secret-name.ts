/** Whether the value of a variable is a secret, by its name. */
export const isSecretName = (name: string): boolean =>
  /SECRET|PASSWORD|PASSWD|TOKEN|(?:^|_)KEY|CREDENTIAL|(?:^|_)DSN$|DATABASE_URL|REDIS_URL/.test(name);
