/** What the Worker of a room runs. */
import { WorkerRoom } from "./worker-room.js";
import type { Port } from "./wire.js";

new WorkerRoom(globalThis as unknown as Port);
