#!/usr/bin/env bash
# Sets the image digest of each service in an overlay, after cosign has verified that SIGNER signed it:
# bash scripts/pin-images.sh OVERLAY
#
# IMAGES is their registry and namespace, VERSION the tag that all have.
set -euo pipefail

overlay=${1:?usage: pin-images.sh OVERLAY}
: "${IMAGES:?is not set}" "${VERSION:?is not set}" "${SIGNER:?is not set}"

placeholders=$(kustomize build "$overlay" | grep -o 'registry\.example\.com/bookstore/[a-z-]*' | sort -u)
for placeholder in $placeholders; do
  image=$IMAGES/${placeholder##*/}
  # As JSON: buildx before 0.33 takes no other template, and prints a table instead.
  digest=$(docker buildx imagetools inspect --format '{{json .Manifest.Digest}}' "$image:$VERSION")
  digest=${digest//\"/}
  [[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || { echo "$image:$VERSION has no digest: $digest" >&2; exit 1; }
  cosign verify --certificate-identity "$SIGNER" \
    --certificate-oidc-issuer https://token.actions.githubusercontent.com "$image@$digest" > /dev/null
  (cd "$overlay" && kustomize edit set image "$placeholder=$image@$digest")
done
