import type { Http2Server, ServerHttp2Stream } from 'node:http2';

/**
 * Has a closed stream let go of its call. Node gives each stream a function that V8 puts into the old generation at once
 * (as all that are written where they are assigned to a property), and which keeps the stream until that is collected: the
 * young generation would carry along all that the stream's listeners know of calls that ended long ago.
 */
export function releaseClosedStreams(server: Http2Server): void {
  // Listeners that grpc-js adds later hear of the end all the same: who is called is settled when an event begins.
  server.prependListener('stream', (stream) => stream.on('close', release));
}

function release(this: ServerHttp2Stream): void {
  // First the one that would be told of each of the others.
  this.removeAllListeners('removeListener').removeAllListeners();
  this.on('error', ignore);
}

/** As grpc-js does: nobody is left to be told. */
function ignore(): void {}
