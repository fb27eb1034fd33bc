#!/bin/sh
# Moves the site's data while the fleet is closed: quiesce run … -- ./migrate.sh
#
#   SITE     the site's program
#   FROM TO  the databases, as -db takes them
#   TURN     a command that has visitors sent to the site on the new database
set -eu

"$SITE" -db "$FROM" -copy-to "$TO"

# The same rows on both sides? The fleet is closed, so nothing moves.
before=$("$SITE" -db "$FROM" -sums)
after=$("$SITE" -db "$TO" -sums)
if [ "$before" != "$after" ]; then
	echo "the copy differs" >&2
	exit 1
fi

$TURN
