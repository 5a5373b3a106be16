#!/usr/bin/env bash
# Applies an overlay, waits for the rollout and makes test calls. When any of that fails, the services go back to the
# revisions that ran before: bash scripts/deploy.sh OVERLAY
#
# scripts/smoke.mjs calls AUTHOR_URL and BOOK_URL. A migration stays, so it must suit the version before it.
set -euo pipefail

overlay=${1:?usage: deploy.sh OVERLAY}
: "${AUTHOR_URL:?is not set}" "${BOOK_URL:?is not set}"
selector=app.kubernetes.io/component=server
timeout=${ROLLOUT_TIMEOUT:-600s}

manifests=$(mktemp)
applied=$(mktemp -d)
trap 'rm -rf "$manifests" "$applied"' EXIT
kubectl kustomize "$overlay" > "$manifests"
namespace=$(awk '$1 == "namespace:" { print $2; exit }' "$manifests")

# A line for each service, such as author-service=3
revisions() {
  kubectl -n "$namespace" get deployments -l "$selector" -o \
    'jsonpath={range .items[*]}{.metadata.name}={.metadata.annotations.deployment\.kubernetes\.io/revision}{"\n"}{end}'
}

deploy() {
  kubectl apply -f "$manifests" &&
    kubectl -n "$namespace" rollout status deployment -l "$selector" --timeout "$timeout" &&
    node "$(dirname "$0")/smoke.mjs" "$AUTHOR_URL" "$BOOK_URL"
}

roll_back() {
  local after line service revision
  kubectl -n "$namespace" get pods || true
  after=$(revisions) || return
  for line in $after; do
    if grep -qxF "$line" <<< "$before"; then continue; fi
    service=${line%=*}
    revision=$(sed -n "s/^$service=//p" <<< "$before")
    if [ -z "$revision" ]; then
      echo "$service: there is no revision to go back to" >&2
      continue
    fi
    kubectl -n "$namespace" rollout undo "deployment/$service" --to-revision "$revision" || return
    # What is not in a revision, and what kubectl compares the next deployment with.
    [ ! -s "$applied/$service" ] || kubectl -n "$namespace" apply -f "$applied/$service" || return
    kubectl -n "$namespace" rollout status "deployment/$service" --timeout "$timeout" || return
    echo "$service: back at revision $revision" >&2
  done
}

before=$(revisions)
for service in $(sed 's/=.*//' <<< "$before"); do
  kubectl -n "$namespace" apply view-last-applied "deployment/$service" -o yaml > "$applied/$service" || true
done
if deploy; then exit 0; fi
echo 'the deployment has failed: rolling back' >&2
roll_back || echo 'the rollback has failed, too: look at the cluster' >&2
exit 1
