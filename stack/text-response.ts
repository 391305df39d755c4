/** An answer whose body is a text at hand: the gateway sends it whole instead of reading a stream. */
export class TextResponse extends Response {
  constructor(
    readonly content: string,
    init: ResponseInit,
  ) {
    super(content, init);
  }
}
