import {
  createBucket,
  deleteBucket,
  deleteFile,
  downloadFile,
  type Entry,
  listBuckets,
  listFiles,
  uploadFile,
} from "./api.ts";
import { ask, attempt, button, confirmed, fill, grid, h, say } from "./parts.ts";

const address = (bucket: string, folders: readonly string[]) =>
  `#/files/${[bucket, ...folders].map(encodeURIComponent).join("/")}`;

const size = (bytes: number | undefined): string => {
  if (bytes === undefined) return "";
  if (bytes < 1024) return `${bytes} B`;
  const isSmall = bytes < 1024 * 1024;
  return isSmall ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
};

/** Buckets on the left, the files of the chosen one's folder beside them. */
export const showFiles = async (main: Element, [bucket, ...folders]: string[]): Promise<void> => {
  const buckets = await listBuckets();
  const add = button("New bucket", async () => {
    const name = h("input", { name: "name", required: true, autocomplete: "off" });
    const isPublic = h("input", { type: "checkbox", name: "public" });
    await ask(
      "New bucket",
      [
        h("label", { class: "field" }, h("span", {}, "Name"), name),
        h("label", { class: "tick" }, isPublic, "Public: anybody may read its files"),
      ],
      "Create",
      async () => {
        await createBucket(name.value, isPublic.checked);
        location.hash = address(name.value, []);
      },
    );
  });
  const list = h(
    "nav",
    { class: "list", "aria-label": "Buckets" },
    add,
    ...buckets.map(({ id, public: isPublic }) =>
      h(
        "a",
        { href: address(id, []), "aria-current": id === bucket ? "page" : false },
        id,
        isPublic ? h("span", { class: "quiet" }, " public") : null,
      ),
    ),
  );
  const files = h("section", { class: "work" });
  fill(main, list, files);
  if (bucket) await showFolder(files, bucket, folders);
  else fill(files, h("p", { class: "empty" }, "Choose a bucket to see its files."));
};

const showFolder = async (
  place: Element,
  bucket: string,
  folders: readonly string[],
): Promise<void> => {
  const inFolder = (name: string) => [...folders, name].join("/");
  let offset = 0;
  const body = h("div", { class: "rows" });
  const earlier = button("Earlier", async () => {
    offset = Math.max(0, offset - 100);
    await show();
  });
  const later = button("Later", async () => {
    offset += 100;
    await show();
  });

  const save = async (name: string) => {
    const url = URL.createObjectURL(await downloadFile(bucket, inFolder(name)));
    h("a", { href: url, download: name }).click();
    URL.revokeObjectURL(url);
  };
  const row = ({ name, id, metadata, updated_at }: Entry) =>
    id === null
      ? [h("a", { href: address(bucket, [...folders, name]) }, `${name}/`), "", "", "", ""]
      : [
          name,
          metadata?.mimetype ?? "",
          size(metadata?.size),
          updated_at ? new Date(updated_at).toLocaleString() : "",
          h(
            "span",
            { class: "actions" },
            button("Download", () => save(name), { class: "link" }),
            button(
              "Delete",
              async () => {
                if (!(await confirmed(`Delete ${inFolder(name)}?`, "Delete"))) return;
                await deleteFile(bucket, inFolder(name));
                await show();
                say("Deleted.");
              },
              { class: "link danger" },
            ),
          ),
        ];
  const show = async () => {
    const entries = await listFiles(bucket, folders.join("/"), offset);
    fill(
      body,
      grid(["Name", "Type", "Size", "Changed", ""], entries.map(row)),
      entries.length === 0 ? h("p", { class: "empty" }, "No files here.") : null,
    );
    earlier.disabled = offset === 0;
    later.disabled = entries.length < 100;
  };

  const picker = h("input", { type: "file", multiple: true, "aria-label": "Upload files" });
  picker.addEventListener("change", () =>
    attempt(async () => {
      const chosen = [...(picker.files ?? [])];
      for (const file of chosen) await uploadFile(bucket, inFolder(file.name), file);
      picker.value = "";
      await show();
      say(`Uploaded ${chosen.length} file(s).`);
    }),
  );
  const drop = button(
    "Delete bucket",
    async () => {
      if (!(await confirmed(`Delete the bucket ${bucket}? It must be empty.`, "Delete"))) return;
      await deleteBucket(bucket);
      location.hash = "#/files";
    },
    { class: "danger" },
  );
  const steps = [bucket, ...folders].map((name, index) =>
    h("a", { href: address(bucket, folders.slice(0, index)) }, `${name}/`),
  );
  fill(
    place,
    h("header", {}, h("h1", {}, ...steps), picker, folders.length === 0 ? drop : null),
    body,
    h("footer", {}, earlier, later),
  );
  await show();
};
