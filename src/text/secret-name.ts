const secret = /(^|_)(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|PRIVATE_KEY|ACCESS_KEY|CREDENTIALS?)(_|$)/i;
// Names of a file, a location or a duration.
const harmless = /(_FILE|_PATH|_DIR|_URL|_TTL|_SECONDS|_HEADER|_NAME)$/i;

/** Whether a variable of this name holds a secret. */
export const isSecretName = (name: string): boolean => secret.test(name) && !harmless.test(name);
