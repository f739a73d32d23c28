/** The windows of matter.js 0.17.9, judged by the core. */
import {
    DuplicateMessageError, MessageReceptionState, MessageReceptionStateEncryptedWithoutRollover, MessageReceptionStateEncryptedWithRollover,
    MessageReceptionStateUnencryptedWithRollover as Unencrypted,
} from "../../protocol/MessageReceptionState.js";

export { DuplicateMessageError, MessageReceptionState, MessageReceptionStateEncryptedWithoutRollover, MessageReceptionStateEncryptedWithRollover };

/** What came before the first message may still come: there is nothing to replay. */
export class MessageReceptionStateUnencryptedWithRollover extends Unencrypted {
    constructor(messageCounter?: number) {
        super(messageCounter, 0);
    }
}
