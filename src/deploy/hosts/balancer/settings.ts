import type {LoadBalancer} from '../../../service/schema/load-balancer.ts';

/** A route to the service. Without a host it matches every host, without a path every path. */
export interface Route {
  /** `shop.example.com`, or `*.example.com` for all names below. */
  readonly host?: string | undefined;
  /** `/api`: this path and all paths below. */
  readonly path?: string | undefined;
}

/** What the balancer's configuration takes from deploy.yaml. Plain JSON, because the configuration stores it. */
export interface BalancerSettings {
  /** Empty: every request. */
  readonly routes: readonly Route[];
  /** Time until a server that returned has its full share of requests; 0: at once. */
  readonly slowStartSeconds: number;
  /** Limit for the start of an answer, and for a pause in it. */
  readonly timeoutSeconds: number;
  /** Addresses (CIDR) trusted for `X-Forwarded-*`. */
  readonly trustedProxies: readonly string[];
  /** HTML. Empty: the built-in page. */
  readonly maintenancePage: string;
  /** The public port of https; 0: http is not redirected. */
  readonly redirectPort: number;
  /** `host:port` of an ACME client, which gets the requests below `/.well-known/acme-challenge/`. Empty: none. */
  readonly acme: string;
  /** The user's own HAProxy has no resolver for the names of containers. */
  readonly own: boolean;
}

export function balancerSettings(file: LoadBalancer): BalancerSettings {
  return {
    routes: file.routes,
    slowStartSeconds: file.slow_start_seconds,
    timeoutSeconds: file.timeout_seconds,
    trustedProxies: file.trusted_proxies,
    maintenancePage: file.maintenance_page ?? '',
    redirectPort: file.tls?.redirect === true ? file.tls.port : 0,
    acme: file.acme ?? '',
    own: file.own !== undefined,
  };
}
