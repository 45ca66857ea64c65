/** A purchase request without its key. */
export interface PurchaseRequest {
  readonly quote_id: string;
  readonly member_id: string;
}

/** 1 to 255 printable characters without spaces. Two headers arrive joined as `a, b` and do not match. */
export const idempotencyKeyPattern = '^[\\x21-\\x7e]{1,255}$';

/** Whether a request with a known key is for the purchase that was made with that key. */
export function isSameRequest(bought: PurchaseRequest, request: PurchaseRequest): boolean {
  return bought.quote_id === request.quote_id.toLowerCase() && bought.member_id === request.member_id;
}
