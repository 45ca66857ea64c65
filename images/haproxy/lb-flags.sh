# shellcheck shell=sh
# Flags of services, in a map that HAProxy reads for each request: they change without a reload and survive a restart.
# The caller holds the lock.

# flag_on KEY VALUE [KEY VALUE]...
flag_on() (
  while [ $# -gt 0 ]; do
    { grep -v "^$1 " "$FLAGS" || true; echo "$1 $2"; } >"$FLAGS.new"
    mv "$FLAGS.new" "$FLAGS"
    answer=$(ask "$ADMIN" "del map $FLAGS $1;add map $FLAGS $1 $2" | grep -v -e '^ *$' -e 'not found' || true)
    [ -z "$answer" ] || fail "HAProxy refused: $answer"
    shift 2
  done
)

# flag_off KEY...: ignores keys that are not set.
flag_off() (
  for key; do
    flagged "$key" || continue
    grep -v "^$key " "$FLAGS" >"$FLAGS.new" || true
    mv "$FLAGS.new" "$FLAGS"
    ask "$ADMIN" "del map $FLAGS $key" >/dev/null
  done
)

# flagged KEY [KEY]: is one of them set?
flagged() { grep -q -e "^$1 " -e "^${2:-$1} " "$FLAGS" 2>/dev/null; }

maintenance() {
  [ $# = 2 ] || usage 'maintenance takes on|off SERVICE'
  service_name "$2"
  [ -e "$FRAGMENTS/$2.cfg" ] || fail "no service $2 on this load balancer"
  lock
  case $1 in
    on) flag_on "$2/maintenance" on ;;
    off) flag_off "$2/maintenance" ;;
    *) usage "maintenance is on or off, not '$1'" ;;
  esac
}
