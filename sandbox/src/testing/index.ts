export { type Failure, failureOf } from './failure-of.js';
export { healthOf } from './health-of.js';
export { type Peer, type ReceivedCall, refuse, silence, startPeer } from './peer.js';
export { type CallSettings, type PromiseClient, promiseClient } from './promise-client.js';
export { type RawAnswer, rawCall } from './raw-call.js';
export { createServiceDatabase, prepareTemplate, type ServiceDatabase } from './service-database.js';
export { startTestService, testEnvironment } from './start-test-service.js';
export { startTcpProxy, type TcpProxy } from './tcp-proxy.js';
