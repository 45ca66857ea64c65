# Flags of services, in a map that HAProxy looks things up in: they change without a reload and survive a restart.

# flag_on KEY VALUE [KEY VALUE]...
flag_on() {
  alone
  while [ $# -gt 0 ]; do
    { grep -v "^$1 " "$flags" || true; echo "$1 $2"; } >"$flags.new"
    mv "$flags.new" "$flags"
    answer=$(ask "$admin" "del map $flags $1;add map $flags $1 $2" | grep -v -e '^ *$' -e 'not found' || true)
    [ -z "$answer" ] || fail "HAProxy refused: $answer"
    shift 2
  done
}

# flag_off KEY...: nothing happens where they are not set.
flag_off() {
  for key; do
    if ! grep -q "^$key " "$flags" 2>/dev/null; then continue; fi
    alone
    grep -v "^$key " "$flags" >"$flags.new" || true
    mv "$flags.new" "$flags"
    ask "$admin" "del map $flags $key" >/dev/null
  done
}

maintenance() {
  [ $# = 2 ] || usage 'maintenance takes on|off SERVICE'
  service_name "$2"
  [ -e "$fragments/$2.cfg" ] || fail "there is no service $2 here"
  case $1 in
    on) flag_on "$2/maintenance" on ;;
    off) flag_off "$2/maintenance" ;;
    *) usage "maintenance is on or off, not '$1'" ;;
  esac
}
