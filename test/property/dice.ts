// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";

/** Choices of a generator that is written as a plain function. */
export class Dice {
  private readonly random: fc.Random;

  constructor(random: fc.Random) {
    this.random = random;
  }

  /** From `least` to `most`, both included. */
  int(least: number, most: number): number {
    return this.random.nextInt(least, most);
  }

  chance(percent: number): boolean {
    return this.int(1, 100) <= percent;
  }

  pick<T>(values: readonly T[]): T {
    const picked = values[this.int(0, values.length - 1)];
    if (picked === undefined) throw new TypeError("nothing to pick from");
    return picked;
  }

  /** Some of the values, one at least, in their order. */
  some<T>(values: readonly T[]): T[] {
    const kept = this.pick(values);
    return values.filter((value) => value === kept || this.chance(40));
  }

  /** Between `least` and `most` things. */
  many<T>(least: number, most: number, make: (index: number) => T): T[] {
    return Array.from({ length: this.int(least, most) }, (_, index) => make(index));
  }

  /** The thing, in so many of a hundred cases; else undefined, which JSON leaves out. */
  maybe<T>(percent: number, make: () => T): T | undefined {
    return this.chance(percent) ? make() : undefined;
  }
}

/** An arbitrary of what a function makes; `smaller` are values to shrink to, the smallest first. */
export function made<T>(make: (dice: Dice) => T, smaller: (value: T) => Iterable<T> = () => []): fc.Arbitrary<T> {
  return new Made(make, smaller);
}

class Made<T> extends fc.Arbitrary<T> {
  private readonly make: (dice: Dice) => T;
  private readonly smaller: (value: T) => Iterable<T>;

  constructor(make: (dice: Dice) => T, smaller: (value: T) => Iterable<T>) {
    super();
    this.make = make;
    this.smaller = smaller;
  }

  override generate(random: fc.Random): fc.Value<T> {
    return new fc.Value(this.make(new Dice(random)), undefined);
  }

  override canShrinkWithoutContext(_value: unknown): _value is T {
    return true;
  }

  override shrink(value: T): fc.Stream<fc.Value<T>> {
    const { smaller } = this;
    function* values() {
      for (const each of smaller(value)) yield new fc.Value(each, undefined);
    }
    return fc.stream(values());
  }
}
