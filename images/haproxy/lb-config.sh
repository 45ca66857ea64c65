# The configuration: one fragment a service, and the frontend that sends each request to its service.

serve() {
  # What another life of this container left: after a restart the files alone say what is served.
  rm -f /run/haproxy/* "$fragments"/*.counts "$pending"
  for file in "$fragments"/*.state; do [ ! -e "$file" ] || echo 1 >"$file"; done
  unpatch
  frontend "$fragments" >/etc/haproxy/frontend.cfg
  exec haproxy -W -db -S "$master,level,admin" -f /etc/haproxy/haproxy.cfg -f /etc/haproxy/frontend.cfg -f "$fragments"
}

# Beside a HAProxy of the user's own: only there for `docker exec`.
attend() {
  [ -e "$flags" ] || : >"$flags"
  exec sleep infinity
}

# frontend DIR: the text, made of the `#>` lines of all fragments. The closest route comes first.
frontend() {
  echo '# Made by lb from the fragments in entrypoint/.'
  echo 'frontend web'
  echo '    bind :8080'
  for file in "$certificates"/*.pem; do
    if [ -e "$file" ]; then echo "    bind :8443 ssl crt $certificates/ alpn h2,http/1.1"; break; fi
  done
  routes "$1" | awk '{$1 = ""; print "    use_backend" $0}'
  if [ -n "$(routes "$1")" ]; then
    printf '    default_backend none\n\nbackend none\n    http-request return status 404 content-type text/plain string "no service is known by this address\\n"\n'
  fi
}

# routes DIR: `rank backend condition`, the closest first.
routes() { cat "$1"/*.cfg 2>/dev/null | sed -n 's/^#> //p' | sort -s -k1,1; }

fragment() {
  service_name "${1-}"
  [ ! -e "$fragments/$1.cfg" ] || cat "$fragments/$1.cfg"
}

services() { for file in "$fragments"/*.cfg; do [ ! -e "$file" ] || basename "$file" .cfg; done; }

config() {
  reload=yes wait=no service=''
  for word; do
    case $word in --no-reload) reload=no ;; --wait) wait=yes ;; *) service=$word ;; esac
  done
  service_name "$service"
  alone
  unpatch
  stage=$(mktemp -d)
  trap 'rm -rf "$stage"' EXIT
  cp "$fragments"/*.cfg "$stage" 2>/dev/null || true
  cat >"$stage/$service.cfg"
  if ! cmp -s "$stage/$service.cfg" "$fragments/$service.cfg"; then
    check_stage
    if [ "$reload" = no ] && [ -e "$fragments/$service.cfg" ]; then
      put "$stage/$service.cfg" "$fragments/$service.cfg"
    else
      change_files
    fi
  fi
  settle
  if [ "$wait" = yes ]; then await_old_workers; fi
}

# They end within `hard-stop-after`; a HAProxy of the user's own may have none.
await_old_workers() {
  end=$(($(now) + 70000))
  until [ "$(old_workers)" = 0 ]; do
    if [ "$(now)" -ge "$end" ]; then
      echo 'lb: warning: workers from before the reload still serve (is hard-stop-after set?): going on' >&2
      return
    fi
    sleep 0.1
  done
}

remove() {
  service=${1-}
  service_name "$service"
  alone
  unpatch
  if [ -e "$fragments/$service.cfg" ]; then
    stage=$(mktemp -d)
    trap 'rm -rf "$stage"' EXIT
    cp "$fragments"/*.cfg "$stage"
    rm "$stage/$service.cfg"
    check_stage
    change_files
  fi
  flag_off "$service/always" "$service/never" "$service/maintenance"
  rm -f "$certificates/$service.pem"
  settle
  rm -f "$fragments/$service.state" "$fragments/$service.counts"
}

# put FILE TARGET: all or nothing, also across file systems.
put() { cp "$1" "$2.new" && mv "$2.new" "$2"; }

# What HAProxy itself cannot know: two services that want the same requests.
check_stage() {
  twice=$(routes "$stage" | awk '{backend = $2; $2 = ""} ($0 in taken) && taken[$0] != backend {print taken[$0] " and " backend; exit} {taken[$0] = backend}')
  [ -z "$twice" ] || fail "$twice want the same requests: the old configuration stays" 'give each a host or a path of its own (load_balancer.routes)'
  frontend "$stage" >"$stage/.frontend"
  if ! errors=$(haproxy -c -f /etc/haproxy/haproxy.cfg -f "$stage/.frontend" -f "$stage" 2>&1); then
    printf '%s\n' "$errors" | sed -e "s|$stage/.frontend|frontend.cfg|g" -e "s|$stage/||g" >&2
    fail 'the configuration is invalid: the old one stays'
  fi
}

# Whoever is killed between the files and the reload leaves the mark, with what to go back to, and the next one goes on.
change_files() {
  undo=delete
  if [ -e "$fragments/$service.cfg" ]; then undo=restore; cp "$fragments/$service.cfg" "$stage/.old"; fi
  : >"$pending"
  if [ -e "$stage/$service.cfg" ]; then
    [ -e "$fragments/$service.state" ] || echo 1 >"$fragments/$service.state"
    put "$stage/$service.cfg" "$fragments/$service.cfg"
  else
    rm "$fragments/$service.cfg"
  fi
}

# Puts in force what is not yet, and takes a fragment back that HAProxy does not take.
settle() {
  [ -e "$pending" ] || return 0
  if answer=$(reload); then rm -f "$pending"; return; fi
  case ${undo-} in
    restore) put "$stage/.old" "$fragments/$service.cfg" ;;
    delete) rm -f "$fragments/$service.cfg" ;;
  esac
  if [ -n "${undo-}" ]; then rm -f "$pending"; fi
  [ -n "$own" ] || frontend "$fragments" >/etc/haproxy/frontend.cfg
  printf '%s\n' "$answer" >&2
  fail 'the reload failed: the old configuration stays'
}

# patch SERVICE: a slot that a deploy started and has not committed is free in the file, and a reload, for another service
# perhaps, would take it out whatever the state says. The worker reads a file in which it is taken.
patch() {
  cp "$fragments/$1.cfg" "$fragments/.$1.committed"
  awk '
    NR == FNR {if ($1 ~ /^[0-9]+$/ && NF > 18 && $7 % 2 == 0) target[$4] = ($18 == "-" ? $5 : $18) ":" $19; next}
    $1 == "server" && / check disabled$/ && $2 in target {print "    server " $2 " " target[$2] " check"; next}
    {print}' "$fragments/$1.state" "$fragments/.$1.committed" >"$fragments/$1.cfg.new"
  mv "$fragments/$1.cfg.new" "$fragments/$1.cfg"
}

unpatch() {
  for committed in "$fragments"/.*.committed; do
    if [ -e "$committed" ]; then name=${committed##*/.} && mv "$committed" "$fragments/${name%.committed}.cfg"; fi
  done
}

# A new worker with what the old one knows of the servers; prints the answer where there is none.
reload() {
  keep_counts
  unpatch
  for known in $(services); do
    state=$(ask "$admin" "show servers state $known")
    case $state in
      1*)
        printf '%s\n' "$state" >"$fragments/$known.state"
        patch "$known" ;;
    esac
  done
  [ -n "$own" ] || frontend "$fragments" >/etc/haproxy/frontend.cfg
  answer=$(ask "$master" reload)
  # Whoever reloads it otherwise must not find what was true now.
  unpatch
  for known in $(services); do echo 1 >"$fragments/$known.state"; done
  case $answer in *Success=1*) ;; *) printf '%s\n' "$answer"; return 1 ;; esac
  if [ -n "${service-}" ] && [ -e "$fragments/$service.cfg" ]; then
    case $(ask "$admin" "show servers state $service") in
      1*) ;;
      *) echo "HAProxy does not know $service after its reload: does it read $fragments? (haproxy -f ... -f $fragments)"; return 1 ;;
    esac
  fi
}
