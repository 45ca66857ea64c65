import type {FastifyError, FastifyReply, FastifyRequest} from 'fastify';

const brand = Symbol.for('buy-service.api-error');

/** An error that the caller of the API can see as it is. */
export interface ApiError extends Error {
  readonly [brand]: true;
  readonly status: number;
  readonly code: string;
}

/** Creates an error, to be thrown, whose response is `status` with `{error: {code, message}}`. */
export function apiError(status: number, code: string, message: string, cause?: unknown): ApiError {
  const error = new Error(message, cause === undefined ? undefined : {cause});
  return Object.assign(error, {[brand]: true as const, status, code});
}

export function isApiError(error: unknown): error is ApiError {
  return error instanceof Error && brand in error;
}

const codeOfStatus: Readonly<Record<number, string>> = {
  404: 'not_found',
  413: 'body_too_large',
  415: 'unsupported_media_type',
};

/** Answers any error. An unexpected one is logged, and its details stay out of the response. */
export function replyWithError(
  error: FastifyError | ApiError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (isApiError(error)) {
    if (error.status >= 500) request.log.warn({err: error.cause ?? error}, error.message);
    return reply.code(error.status).send(body(error.code, error.message));
  }
  const status = error.statusCode ?? 500;
  if (status >= 400 && status < 500) {
    return reply.code(status).send(body(codeOfStatus[status] ?? 'invalid_request', error.message));
  }
  request.log.error({err: error}, 'unexpected error');
  return reply.code(500).send(body('internal', 'unexpected error'));
}

export function replyNotFound(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.code(404).send(body('not_found', 'there is nothing at this address'));
}

function body(code: string, message: string): {error: {code: string; message: string}} {
  return {error: {code, message}};
}
