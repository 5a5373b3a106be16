#!/usr/bin/env bash
# Once, when the container has been made: the volumes are root's by then.
set -euo pipefail
sudo chown "$(id -u):$(id -g)" node_modules .sandbox
npm ci
node scripts/build.mjs
npm run doctor
