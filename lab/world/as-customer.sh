# Runs a command as an ordinary user of a machine that has no repository: as-customer.sh UID FOLDER... -- NAME=VALUE... COMMAND...
# Runs in a mount namespace of its own. FOLDERs are covered, so that opening anything in them fails.
set -euo pipefail
uid=$1
shift
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then mount -t tmpfs -o mode=000,size=4k covered "$1"; fi
  shift
done
shift
cd /run/lab/customer
exec setpriv --reuid "$uid" --regid "$uid" --clear-groups --no-new-privs --bounding-set -all --inh-caps -all \
  env -i "$@"
