#!/usr/bin/env bash
# Applies an overlay, waits until it is rolled out, and puts a book through it. When any of that fails, both services go
# back to what ran before: bash scripts/deploy.sh OVERLAY
#
# AUTHOR_URL and BOOK_URL are what scripts/smoke.mjs calls. A migration stays: it must suit the version before it.
set -euo pipefail

overlay=${1:?usage: deploy.sh OVERLAY}
: "${AUTHOR_URL:?is not set}" "${BOOK_URL:?is not set}"
services=(author-service book-service)
timeout=${ROLLOUT_TIMEOUT:-600s}

manifests=$(mktemp)
trap 'rm -f "$manifests"' EXIT
kustomize build "$overlay" > "$manifests"
namespace=$(awk '$1 == "namespace:" { print $2; exit }' "$manifests")

# Empty at the first deployment.
revision() {
  kubectl -n "$namespace" get deployment "$1" --ignore-not-found \
    -o 'jsonpath={.metadata.annotations.deployment\.kubernetes\.io/revision}'
}

deploy() {
  kubectl apply -f "$manifests" || return
  local service
  for service in "${services[@]}"; do
    kubectl -n "$namespace" rollout status "deployment/$service" --timeout "$timeout" || return
  done
  node "$(dirname "$0")/smoke.mjs" "$AUTHOR_URL" "$BOOK_URL"
}

roll_back() {
  local service
  kubectl -n "$namespace" get pods || true
  for service in "${services[@]}"; do
    local from=${before[$service]} to
    to=$(revision "$service") || return
    if [ "$from" = "$to" ]; then continue; fi
    if [ -z "$from" ]; then
      echo "$service: nothing ran here before, so it stays as it is" >&2
      continue
    fi
    kubectl -n "$namespace" rollout undo "deployment/$service" --to-revision "$from" || return
    kubectl -n "$namespace" rollout status "deployment/$service" --timeout "$timeout" || return
    echo "$service: back at revision $from" >&2
  done
}

declare -A before
for service in "${services[@]}"; do before[$service]=$(revision "$service"); done

if deploy; then exit 0; fi
echo 'the deployment has failed: rolling back' >&2
roll_back || echo 'the rollback has failed, too: look at the cluster' >&2
exit 1
