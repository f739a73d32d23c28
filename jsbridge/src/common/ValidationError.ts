import { platform } from "../platform.js";
import type { ValidationErrorClass } from "../session/handshake-types.js";
import { StatusResponseError } from "./MatterError.js";

/** Interaction Model status CONSTRAINT_ERROR. */
const constraintError = 0x87;

function own(): ValidationErrorClass {
    return class ValidationError extends StatusResponseError {
        fieldName?: string | undefined;
        constructor(message: string, fieldName?: string) {
            super(message, constraintError);
            this.fieldName = fieldName;
            this.message = `(Validation/${constraintError}) ${message}`;
        }
    };
}

/** A value does not fit its schema; fieldName is the path of the member. */
export const ValidationError: ValidationErrorClass = platform().ValidationError ?? own();
