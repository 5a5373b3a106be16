import { connect } from 'node:net';
import type { Random } from '../random.js';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const FRAME_TYPES = 11;
/** An empty SETTINGS frame, as a connection begins. */
const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const PATIENCE_MS = 250;

/**
 * A connection of its own that sends HTTP/2 frames nobody would: the server may answer what it likes, or end it. Ends
 * once it has, or has been silent for a while.
 */
export async function sendBrokenFrames(address: string, random: Random): Promise<void> {
  const [host, port] = address.split(':');
  const socket = connect(Number(port), host);
  // Reset by the server, as it may.
  socket.on('error', () => {});
  socket.resume();
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  if (random.chance(0.9)) socket.write(PREFACE);
  if (random.chance(0.9)) socket.write(SETTINGS);
  for (let frames = 1 + random.below(8); frames > 0; frames--) socket.write(brokenFrame(random));
  socket.end();
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
  await closed;
}

function brokenFrame(random: Random): Buffer {
  const payload = Buffer.from(Array.from({ length: random.below(64) }, () => random.below(256)));
  const header = Buffer.alloc(9);
  // Its length is often not what follows.
  header.writeUIntBE(random.chance(0.8) ? payload.length : random.below(2 ** 24), 0, 3);
  header[3] = random.below(FRAME_TYPES);
  header[4] = random.below(256);
  header.writeUInt32BE(random.chance(0.5) ? random.below(4) : random.below(2 ** 31), 5);
  return Buffer.concat([header, payload]);
}
