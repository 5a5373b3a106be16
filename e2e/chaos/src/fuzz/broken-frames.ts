import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { below, chance } from '../random.js';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** An empty SETTINGS frame, as at the beginning of a connection. */
const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const FRAME_TYPES = 11;
const SILENCE_MS = 250;

/** Sends broken HTTP/2 frames on a connection of its own, until the server ends it or is silent. */
export async function sendBrokenFrames(address: string): Promise<void> {
  const [host, port] = address.split(':');
  const socket = connect(Number(port), host);
  // The server may reset it.
  socket.on('error', () => {});
  socket.resume();
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  if (chance(0.9)) socket.write(PREFACE);
  if (chance(0.9)) socket.write(SETTINGS);
  for (let frames = 1 + below(8); frames > 0; frames--) socket.write(brokenFrame());
  socket.end();
  socket.setTimeout(SILENCE_MS, () => socket.destroy());
  await closed;
}

function brokenFrame(): Buffer {
  const payload = randomBytes(below(64));
  const header = Buffer.alloc(9);
  // Its length often differs from the payload's.
  header.writeUIntBE(chance(0.8) ? payload.length : below(2 ** 24), 0, 3);
  header[3] = below(FRAME_TYPES);
  header[4] = below(256);
  header.writeUInt32BE(chance(0.5) ? below(4) : below(2 ** 31), 5);
  return Buffer.concat([header, payload]);
}
