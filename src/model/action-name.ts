/** The schema of the name of a business action. */
import { Type } from '@sinclair/typebox'

/** The label of a business action, as typed in coreBOS: `Add Event`. A part of a URL cannot be `.` or `..`. */
export const ActionName = Type.String({
  pattern: String.raw`^(?!\.{1,2}$)[^\u0000-\u001f\u007f-\u009f\u2028\u2029]+$`,
  maxLength: 100,
  description: 'a label of 1 to 100 printable characters',
})
