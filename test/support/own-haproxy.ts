/** The user's own HAProxy: what docs/load-balancer.md requires of it, and a service of theirs next to our backend. */
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
