import { expect, test } from 'vitest';
import { composeServices } from './kubernetes-manifests.js';

const { viewer } = composeServices() as unknown as Record<string, Record<string, unknown>>;

test('the viewer of telemetry starts only when it is asked for', () => {
  expect(viewer?.profiles).toEqual(['observability']);
});

test('it is one version of its image, on loopback', () => {
  expect(viewer?.image).toMatch(/:\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?$/);
  expect(viewer?.ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:/)]);
});

test('it has no more rights than the services, and limits', () => {
  expect(viewer).toMatchObject({
    user: expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/),
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    pids_limit: expect.any(Number),
    mem_limit: expect.any(String),
  });
});
