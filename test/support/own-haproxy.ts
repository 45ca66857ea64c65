/** A HAProxy of the user's own: what docs/load-balancer.md says that it must have, and a service of theirs beside the backend that is ours. */
export const ownConfiguration = (backend: string): string => `
global
    stats socket /run/haproxy/admin.sock mode 600 level admin expose-fd listeners
    hard-stop-after 60s
defaults
    mode http
    option idle-close-on-response
    timeout connect 2s
    timeout client 60s
    timeout server 60s
frontend all
    bind :8080
    use_backend theirs if { path_beg /theirs }
    use_backend %[str(${backend})]
backend theirs
    http-request return status 200 content-type text/plain string theirs
`;
