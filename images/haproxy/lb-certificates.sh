# shellcheck shell=sh
# Certificates: files of mode 0600 with the chain and the key. The client's server name (SNI) chooses among them.

certificate() (
  name=${1-}
  service_name "$name"
  [ -z "$OWN" ] || fail 'a HAProxy of your own keeps its own certificates'
  lock
  umask 077
  file=$CERTIFICATES/$name.pem
  grep -v '^ *$' >"$file.new" || true
  if cmp -s "$file.new" "$file" && [ ! -e "$PENDING" ]; then rm "$file.new"; exit 0; fi
  if ! errors=$(printf 'defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\nfrontend f\n bind :8443 ssl crt %s\n' "$file.new" | haproxy -c -f /dev/stdin 2>&1); then
    rm "$file.new"
    printf '%s\n' "$errors" | grep -o "unable to .*\|.*private key.*\|.*No Private.*\|'crt'.*" | sed "s|$file.new|$name|g" | head -n 3 >&2
    fail "the certificate $name is not usable; the old one stays in force" 'fix: send PEM: the certificate first, then its chain, and the key'
  fi
  # The very first certificate opens the port, which takes a reload; a known one changes in the running workers.
  if ask "$ADMIN" 'show ssl cert' | grep -qxF "$file"; then
    answer=$(ask "$ADMIN" "set ssl cert $file <<
$(cat "$file.new")

")
    case $answer in *created*) ;; *) rm "$file.new"; fail "HAProxy refused the certificate: $answer" ;; esac
    answer=$(ask "$ADMIN" "commit ssl cert $file")
    case $answer in *Success*) ;; *) rm "$file.new"; fail "HAProxy refused the certificate: $answer" ;; esac
    mv "$file.new" "$file"
  else
    mv "$file.new" "$file"
    : >"$PENDING"
    settle "$name"
  fi
)

# One line per certificate: name, end of validity, subject, host names.
certificates() (
  for file in "$CERTIFICATES"/*.pem; do
    [ -e "$file" ] || continue
    ask "$ADMIN" "show ssl cert $file" | awk -F ': ' -v name="$(basename "$file" .pem)" '
      $1 == "Subject" {subject = $2} $1 == "notAfter" {until = $2} $1 == "Subject Alternative Name" {names = $2}
      END {print name "\tuntil " until "\t" subject "\t" names}'
  done
)
