// A client in the network between the services, run in the author service's image: asks the author service again and
// again, and says of each answer when its call began and whether it was one. CHANNEL=kit has the channel options of the
// services themselves; CHANNEL=stock those that grpc-js comes with.
import { setTimeout as sleep } from 'node:timers/promises';
import { AuthorServiceClient } from '@bookstore/proto';
import { credentials } from '@grpc/grpc-js';
import { channelOptions } from './service-kit/dist/client/channel-options.js';

const EVERY_MS = 20;
const DEADLINE_MS = 1000;
const NOBODY = '00000000-0000-7000-8000-000000000000';
const NOT_FOUND = 5;

const options = process.env.CHANNEL === 'kit' ? channelOptions([]) : { 'grpc.enable_http_proxy': 0 };
const authors = new AuthorServiceClient('dns:///author-service:50051', credentials.createInsecure(), options);
let going = true;
process.once('SIGTERM', () => {
  going = false;
});
while (going) {
  const begunAt = Date.now();
  const deadline = begunAt + DEADLINE_MS;
  const code = await new Promise((resolve) => {
    authors.getAuthor({ id: NOBODY }, { deadline }, (error) => resolve(error?.code ?? 0));
  });
  console.log(JSON.stringify({ begunAt, answered: code === NOT_FOUND }));
  await sleep(EVERY_MS);
}
