#!/usr/bin/env bash
# Names both services' images by digest in an overlay, once cosign has found on each the signature of SIGNER:
# bash scripts/pin-images.sh OVERLAY
#
# IMAGES is their registry and namespace, VERSION the tag that both have.
set -euo pipefail

overlay=${1:?usage: pin-images.sh OVERLAY}
: "${IMAGES:?is not set}" "${VERSION:?is not set}" "${SIGNER:?is not set}"

for service in author-service book-service; do
  image=$IMAGES/$service
  # As JSON: buildx before 0.33 takes no other template, and prints a table instead.
  digest=$(docker buildx imagetools inspect --format '{{json .Manifest.Digest}}' "$image:$VERSION")
  digest=${digest//\"/}
  [[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || { echo "$image:$VERSION has no digest, but $digest" >&2; exit 1; }
  cosign verify --certificate-identity "$SIGNER" \
    --certificate-oidc-issuer https://token.actions.githubusercontent.com "$image@$digest" > /dev/null
  (cd "$overlay" && kustomize edit set image "bookstore/$service=$image@$digest")
done
