#!/usr/bin/env bash
# Builds the tools that npm does not bring, at pinned versions, into GOBIN: bash install-tools.sh [NAME...]
# Go compares every source with its public checksum database (sum.golang.org) and each module's go.sum, so that a release
# which has been replaced does not build. Needs Go and git.
set -euo pipefail

kompose_version=v1.38.0
# kompose replaces a module, which `go install` refuses: its own checkout, at the commit of that version.
kompose_commit=a8f5d1cbdcfe3b47cb5c936fb1d57966390064a8

modules=(
  github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4
  github.com/fullstorydev/grpcui/cmd/grpcui@v1.4.3
  github.com/bojand/ghz/cmd/ghz@v0.121.0
  sigs.k8s.io/kustomize/kustomize/v5@v5.8.2
  github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
)

export CGO_ENABLED=0 GOBIN=${GOBIN:-$(go env GOPATH)/bin}
mkdir -p "$GOBIN"

install_module() { # NAME
  local module
  for module in "${modules[@]}"; do
    [[ $module =~ /$1(/v[0-9]+)?@ ]] || continue
    go install -trimpath "$module"
    return
  done
  echo "install-tools.sh knows no $1" >&2
  return 1
}

install_kompose() {
  local source
  source=$(mktemp -d)
  git init -q "$source"
  git -C "$source" fetch -q --depth 1 https://github.com/kubernetes/kompose.git "refs/tags/$kompose_version"
  git -C "$source" checkout -q "$kompose_commit"
  (cd "$source" && go build -trimpath -o "$GOBIN/kompose" .)
  rm -rf "$source"
}

names=("$@")
if [ ${#names[@]} -eq 0 ]; then names=(kompose kustomize grpcurl grpcui ghz actionlint); fi
for name in "${names[@]}"; do
  if [ "$name" = kompose ]; then install_kompose; else install_module "$name"; fi
done
