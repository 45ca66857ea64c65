import type {LoadBalancer} from '../../../service/load-balancer-schema.ts';

/** Which requests are the service's. Without a host: of every host; without a path: every path. */
export interface Route {
  /** `shop.example.com`, or `*.example.com` for all names below. */
  readonly host?: string | undefined;
  /** `/api`: this path and all below it. */
  readonly path?: string | undefined;
}

/** What the balancer's configuration takes from deploy.yaml. Plain JSON: it is stored in the configuration itself. */
export interface BalancerSettings {
  /** None: every request. */
  readonly routes: readonly Route[];
  /** How long a server that came back takes until it has its full share; 0: at once. */
  readonly slowStartSeconds: number;
  /** How long an answer may take to begin, and pause. */
  readonly timeoutSeconds: number;
  /** Addresses (CIDR) whose `X-Forwarded-*` are believed. */
  readonly trustedProxies: readonly string[];
  /** HTML. Empty: the built-in one. */
  readonly maintenancePage: string;
  /** The port that the users know https by; 0: http is not sent on to https. */
  readonly redirectPort: number;
  /** `host:port` of an ACME client, which gets the requests below `/.well-known/acme-challenge/`. Empty: nobody. */
  readonly acme: string;
  /** Is it a HAProxy of the user's own? It has no resolver for the names of containers. */
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
