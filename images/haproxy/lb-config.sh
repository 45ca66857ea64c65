# shellcheck shell=sh
# The configuration: one fragment per service, and the frontend that routes each request to its service's backend.

serve() {
  # The state files of the container's last run say nothing about this one: addresses may have changed since.
  rm -f /run/haproxy/* "$FRAGMENTS"/*.counts "$PENDING"
  for file in "$FRAGMENTS"/*.state; do [ ! -e "$file" ] || echo 1 >"$file"; done
  unpatch
  frontend "$FRAGMENTS" >/etc/haproxy/frontend.cfg
  exec haproxy -W -db -S "$MASTER,level,admin" -f /etc/haproxy/haproxy.cfg -f /etc/haproxy/frontend.cfg -f "$FRAGMENTS"
}

# The container beside a HAProxy of the user's own exists only for `docker exec`.
watch() {
  [ -e "$FLAGS" ] || : >"$FLAGS"
  exec sleep infinity
}

# frontend DIRECTORY: the frontend, from the `#>` lines of all fragments there. The most specific route comes first.
frontend() (
  echo '# Written by lb, from the fragments in entrypoint/.'
  echo 'frontend web'
  echo '    bind :8080'
  for file in "$CERTIFICATES"/*.pem; do
    if [ -e "$file" ]; then echo "    bind :8443 ssl crt $CERTIFICATES/ alpn h2,http/1.1"; break; fi
  done
  routes "$1" | awk '{$1 = ""; print "    use_backend" $0}'
  if [ -n "$(routes "$1")" ]; then
    printf '    default_backend none\n\nbackend none\n    http-request return status 404 content-type text/plain string "no service at this address\\n"\n'
  fi
)
write_frontend() { [ -n "$OWN" ] || frontend "$FRAGMENTS" >/etc/haproxy/frontend.cfg; }

# routes DIRECTORY: `RANK BACKEND CONDITION`, the most specific first.
routes() { cat "$1"/*.cfg 2>/dev/null | sed -n 's/^#> //p' | sort -s -k1,1; }

fragment() {
  service_name "${1-}"
  [ ! -e "$FRAGMENTS/$1.cfg" ] || cat "$FRAGMENTS/$1.cfg"
}

services() (
  for file in "$FRAGMENTS"/*.cfg; do
    name=${file##*/}
    [ ! -e "$file" ] || echo "${name%.cfg}"
  done
)

config() (
  reload=yes wait=no service=''
  for word; do
    case $word in --no-reload) reload=no ;; --wait) wait=yes ;; *) service=$word ;; esac
  done
  service_name "$service"
  lock
  unpatch
  stage=$(mktemp -d)
  trap 'rm -rf "$stage"' EXIT
  cp "$FRAGMENTS"/*.cfg "$stage" 2>/dev/null || true
  cat >"$stage/$service.cfg"
  old=''
  if ! cmp -s "$stage/$service.cfg" "$FRAGMENTS/$service.cfg"; then
    check_stage "$stage"
    if [ "$reload" = no ] && [ -e "$FRAGMENTS/$service.cfg" ]; then
      put "$stage/$service.cfg" "$FRAGMENTS/$service.cfg"
    else
      old=$stage/.old
      change_files "$service" "$stage" "$old"
    fi
  fi
  settle "$service" "$old"
  [ "$wait" = no ] || await_old_workers
)

# They end within `hard-stop-after`, which a HAProxy of the user's own may not have.
await_old_workers() (
  end=$(($(now) + 70000))
  until [ "$(ask "$MASTER" 'show proc' | old_workers)" = 0 ]; do
    if [ "$(now)" -ge "$end" ]; then
      echo 'lb: warning: old workers still run 70 s after the reload (is hard-stop-after set?)' >&2
      exit 0
    fi
    sleep 0.1
  done
)

remove() (
  service=${1-}
  service_name "$service"
  lock
  unpatch
  old=''
  if [ -e "$FRAGMENTS/$service.cfg" ]; then
    stage=$(mktemp -d)
    trap 'rm -rf "$stage"' EXIT
    cp "$FRAGMENTS"/*.cfg "$stage"
    rm "$stage/$service.cfg"
    check_stage "$stage"
    old=$stage/.old
    change_files "$service" "$stage" "$old"
  fi
  flag_off "$service/always" "$service/never" "$service/maintenance"
  rm -f "$CERTIFICATES/$service.pem"
  settle "$service" "$old"
  rm -f "$FRAGMENTS/$service.state" "$FRAGMENTS/$service.counts"
)

# put FILE TARGET: atomic, also across file systems.
put() { cp "$1" "$2.new" && mv "$2.new" "$2"; }

# check_stage DIRECTORY: `haproxy -c`, and what HAProxy cannot know: two services with the same route.
check_stage() (
  twice=$(routes "$1" | awk '{backend = $2; $2 = ""} ($0 in taken) && taken[$0] != backend {print taken[$0] " and " backend; exit} {taken[$0] = backend}')
  [ -z "$twice" ] || fail "$twice have the same route; the old configuration stays in force" \
    'fix: give each a host or a path of its own (load_balancer.routes)'
  frontend "$1" >"$1/.frontend"
  if ! errors=$(haproxy -c -f /etc/haproxy/haproxy.cfg -f "$1/.frontend" -f "$1" 2>&1); then
    printf '%s\n' "$errors" | sed -e "s|$1/.frontend|frontend.cfg|g" -e "s|$1/||g" >&2
    fail 'the configuration is invalid; the old one stays in force'
  fi
)

# change_files SERVICE STAGE OLD: puts the fragment of STAGE in place, or removes it where STAGE has none, and keeps the
# old one as OLD. An lb that is killed between this and the reload leaves PENDING, and the next one reloads.
change_files() {
  [ ! -e "$FRAGMENTS/$1.cfg" ] || cp "$FRAGMENTS/$1.cfg" "$3"
  : >"$PENDING"
  if [ -e "$2/$1.cfg" ]; then
    [ -e "$FRAGMENTS/$1.state" ] || echo 1 >"$FRAGMENTS/$1.state"
    put "$2/$1.cfg" "$FRAGMENTS/$1.cfg"
  else
    rm "$FRAGMENTS/$1.cfg"
  fi
}

# settle SERVICE [OLD]: reloads if files have changed. If HAProxy refuses, restores OLD, or removes the fragment if OLD
# does not exist.
settle() (
  [ -e "$PENDING" ] || exit 0
  if answer=$(reload "$1"); then
    rm -f "$PENDING"
    exit 0
  fi
  if [ -n "${2-}" ]; then
    if [ -e "$2" ]; then put "$2" "$FRAGMENTS/$1.cfg"; else rm -f "$FRAGMENTS/$1.cfg"; fi
    rm -f "$PENDING"
  fi
  write_frontend
  printf '%s\n' "$answer" >&2
  fail 'the reload failed; the old configuration stays in force'
)

# patch SERVICE: a slot that a deploy has started but not committed is free in the file, and a reload, perhaps for
# another service, would disable it whatever the state file says. For the reload, the file has it taken.
patch() {
  cp "$FRAGMENTS/$1.cfg" "$FRAGMENTS/.$1.committed"
  # The first line keeps the first input from being empty: then NR == FNR would hold for the fragment.
  { echo '#'; servers <"$FRAGMENTS/$1.state"; } | awk -v service="$1" '
    NR == FNR {if ($6 == 0) target[$1] = ($4 == "-" ? $3 : $4) ":" $5; next}
    $1 == "server" && / check disabled$/ && (service "/" $2 in target) {print "    server " $2 " " target[service "/" $2] " check"; next}
    {print}' - "$FRAGMENTS/.$1.committed" >"$FRAGMENTS/$1.cfg.new"
  mv "$FRAGMENTS/$1.cfg.new" "$FRAGMENTS/$1.cfg"
}

unpatch() (
  for committed in "$FRAGMENTS"/.*.committed; do
    if [ -e "$committed" ]; then name=${committed##*/.} && mv "$committed" "$FRAGMENTS/${name%.committed}.cfg"; fi
  done
)

# reload SERVICE: starts a worker with the server states of the old one, and checks that it has SERVICE, if that has a
# fragment. Prints the error.
reload() (
  keep_counts
  unpatch
  for known in $(services); do
    state=$(ask "$ADMIN" "show servers state $known")
    case $state in
      1*)
        printf '%s\n' "$state" >"$FRAGMENTS/$known.state"
        patch "$known" ;;
    esac
  done
  write_frontend
  answer=$(ask "$MASTER" reload)
  # A later reload that lb does not run must not find the states of this one.
  unpatch
  for known in $(services); do echo 1 >"$FRAGMENTS/$known.state"; done
  case $answer in *Success=1*) ;; *) printf '%s\n' "$answer"; exit 1 ;; esac
  [ -e "$FRAGMENTS/$1.cfg" ] || exit 0
  case $(ask "$ADMIN" "show servers state $1") in
    1*) ;;
    *)
      echo "HAProxy has no backend $1 after the reload"
      echo "fix: make it read $FRAGMENTS: haproxy -f ... -f $FRAGMENTS"
      exit 1 ;;
  esac
)
