// SPDX-License-Identifier: Apache-2.0

/** Bytes that are not what they should be. `message` is what is wrong with them, for the end of a sentence. */
export class WireFault extends Error {
  override readonly name = "WireFault";
}

/** Reads the SSH wire format (RFC 4251 §5) from the first byte to the last. Every method throws {@link WireFault}. */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The next bytes, so many. */
  take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw new WireFault("it is cut off");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** Four bytes, unsigned. */
  uint32(): number {
    return this.take(4).readUInt32BE();
  }

  /** Bytes after their length. */
  string(): Buffer {
    return this.take(this.uint32());
  }

  /** A string that is a name of the protocol. */
  name(): string {
    return this.string().toString("latin1");
  }

  /** A positive number in its one shortest form, without the byte that would only say that it isn't negative. */
  positive(): Buffer {
    const bytes = this.string();
    const [first = 0, second = 0] = bytes;
    const isShortest = first > 0 ? first < 0x80 : second >= 0x80;
    if (bytes.length === 0 || !isShortest) throw new WireFault("a number in it is not in its one form");
    return first === 0 ? bytes.subarray(1) : bytes;
  }

  /** Nothing may follow. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new WireFault("something follows its end");
  }
}

/** A string of the wire format: its length, and it. */
export function wireString(bytes: string | Uint8Array): Buffer {
  const data = Buffer.from(bytes as Uint8Array);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  return Buffer.concat([length, data]);
}
