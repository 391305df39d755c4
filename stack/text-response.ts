/**
 * An answer whose body is a text at hand: the gateway sends it whole. The stream that a body is to
 * everybody else takes as long to make as the rest of the answer, so it is made when it is asked for.
 */
export class TextResponse extends Response {
  #streamed: Response | undefined;

  constructor(
    readonly content: string,
    init: ResponseInit,
  ) {
    super(null, init);
  }

  get #whole(): Response {
    this.#streamed ??= new Response(this.content);
    return this.#streamed;
  }

  override get body() {
    return this.#whole.body;
  }

  override get bodyUsed() {
    return this.#streamed?.bodyUsed ?? false;
  }

  override text() {
    return this.#whole.text();
  }

  override json() {
    return this.#whole.json();
  }

  override arrayBuffer() {
    return this.#whole.arrayBuffer();
  }

  override blob() {
    return this.#whole.blob();
  }

  override formData() {
    return this.#whole.formData();
  }

  override clone() {
    const { content, status, statusText, headers } = this;
    return new TextResponse(content, { status, statusText, headers });
  }
}
