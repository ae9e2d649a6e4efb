import type { PeerSocket } from '../socket/peer-socket.ts';
import type { SharedFrame } from '../socket/shared-frame.ts';
import { CLOSE } from '../socket/close.ts';

/** Sends an event. A reader that is too far behind is closed with 1013: it comes back and resumes. */
export function sendEvent(socket: PeerSocket, frame: SharedFrame): void {
  if (!socket.sendEvent(frame)) socket.close(CLOSE.TRY_AGAIN_LATER, 'the reader fell behind: connect again and resume');
}
