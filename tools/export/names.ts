import { z } from "zod";

export const Category = z.object({
  id: z.string(),
  parent_id: z.string().nullable(),
  name: z.string(),
  slug: z.string(),
});
export const Brand = z.object({ id: z.string(), name: z.string(), slug: z.string() });

type CategoryRow = z.infer<typeof Category>;
type BrandRow = z.infer<typeof Brand>;

/**
 * What an import calls each category, by id: its path of names (`A > B`), or its slug where the
 * path would mean another one: names with `>`, and siblings of the same name.
 */
export const categoryTexts = (categories: readonly CategoryRow[]): Map<string, string> => {
  const byId = new Map(categories.map((category) => [category.id, category]));
  const slugs = new Map(categories.map(({ slug, id }) => [slug, id]));
  const siblings = grouping(categories, placeOf);

  const isPlain = (category: CategoryRow): boolean =>
    !category.name.includes(">") &&
    category.name === category.name.trim() &&
    siblings.get(placeOf(category))?.length === 1;

  const textOf = (category: CategoryRow): string => {
    const names: string[] = [];
    for (
      let at: CategoryRow | undefined = category;
      at;
      at = at.parent_id === null ? undefined : byId.get(at.parent_id)
    ) {
      if (!isPlain(at)) return category.slug;
      names.unshift(at.name);
    }
    // A single name is looked up as a slug first.
    const meant = names.length === 1 ? slugs.get(category.name) : undefined;
    return meant && meant !== category.id ? category.slug : names.join(" > ");
  };
  return new Map(categories.map((category) => [category.id, textOf(category)]));
};

const placeOf = ({ parent_id, name }: CategoryRow) => `${parent_id}\0${name.trim().toLowerCase()}`;

/** What an import calls each brand, by id: its name, or its slug where brands share a name. */
export const brandTexts = (brands: readonly BrandRow[]): Map<string, string> => {
  const named = grouping(brands, ({ name }) => name.toLowerCase());
  const slugged = grouping(brands, ({ slug }) => slug);
  // As import_products finds a brand: by name before by slug, the first one made by id.
  const found = (text: string): string | undefined => {
    const all = [...(named.get(text.toLowerCase()) ?? []), ...(slugged.get(text) ?? [])];
    const rank = ({ slug, id }: BrandRow) => `${slug === text ? 1 : 0}${id}`;
    return all.sort((a, b) => (rank(a) < rank(b) ? -1 : 1))[0]?.id;
  };
  return new Map(
    brands.map(({ id, name, slug }) => [
      id,
      [name, slug].find((text) => text === text.trim() && found(text) === id) ?? name,
    ]),
  );
};

const grouping = <T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
};
