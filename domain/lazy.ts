// SPDX-License-Identifier: Apache-2.0

type Render = () => string | null;

class Itself {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the one way to give a plain object a field that nobody else can see
    return object;
  }
}

/**
 * Texts that an object says when it is read: an own field like any other for `JSON.stringify`, a spread or a comparison.
 * NB. One getter for all objects: a getter written into each literal makes a class of its own of each, which takes five times as long.
 */
class Lazy extends Itself {
  readonly #render: Readonly<Record<string, Render>>;

  constructor(object: object, render: Readonly<Record<string, Render>>) {
    super(object);
    this.#render = render;
  }

  static read(object: object, field: string): string | null {
    return (object as Lazy).#render[field]?.() ?? null;
  }
}

const getters = new Map<string, PropertyDescriptor>();

function getterOf(field: string): PropertyDescriptor {
  const known = getters.get(field);
  if (known !== undefined) return known;
  const getter = {
    get(this: object) {
      return Lazy.read(this, field);
    },
    enumerable: true,
    configurable: true,
  };
  getters.set(field, getter);
  return getter;
}

/** Adds fields to an object that are rendered each time they are read. */
export function withLazy<T extends object, Fields extends Readonly<Record<string, Render>>>(
  object: T,
  fields: Fields,
): T & { readonly [Field in keyof Fields]: ReturnType<Fields[Field]> } {
  for (const field of Object.keys(fields)) Object.defineProperty(object, field, getterOf(field));
  new Lazy(object, fields);
  return object as ReturnType<typeof withLazy<T, Fields>>;
}
