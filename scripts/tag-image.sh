#!/usr/bin/env bash
# Gives the image IMAGE@DIGEST the tag of a release, and says so in the summary of the run: bash scripts/tag-image.sh v1.2.3
set -euo pipefail

version=${1:?usage: tag-image.sh VERSION}
: "${IMAGE:?is not set}" "${DIGEST:?is not set}" "${GITHUB_STEP_SUMMARY:?is not set}"
tagged=$IMAGE:${version#v}

docker buildx imagetools create --tag "$tagged" "$IMAGE@$DIGEST"
echo "\`$tagged\` is \`$DIGEST\`" >> "$GITHUB_STEP_SUMMARY"
