import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { below, chance } from '../random.js';

/** The first bytes of a client's connection. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const SETTINGS = 4;
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
  if (chance(0.9)) socket.write(frame(SETTINGS, 0, 0));
  for (let frames = 1 + below(8); frames > 0; frames--) socket.write(brokenFrame());
  socket.end();
  socket.setTimeout(SILENCE_MS, () => socket.destroy());
  await closed;
}

function brokenFrame(): Buffer {
  const payload = randomBytes(below(64));
  const length = chance(0.8) ? payload.length : below(2 ** 24);
  return frame(below(FRAME_TYPES), below(256), chance(0.5) ? below(4) : below(2 ** 31), payload, length);
}

/** A frame of HTTP/2 (RFC 9113, section 4.1). */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = Buffer.alloc(0),
  length = payload.length,
): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}
