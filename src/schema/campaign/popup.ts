import { nextPopup, type Popup, popupsByRun, showPopup } from "../../campaign/inbox/popup.ts";
import { builder } from "../kit/builder.ts";
import { toRowId } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";

const members = { member: true } as const;

const PopupType = builder.node(builder.objectRef<Popup>("Popup"), {
  description: "Something to show once, over what is on the screen. Its text is plain text in your locale.",
  authScopes: members,
  id: { resolve: ({ run }) => run },
  loadMany: (ids, { ctx }) => popupsByRun(ctx, ids.map(toRowId)),
  fields: (t) => ({
    title: t.exposeString("title", { description: "Its title; never empty." }),
    body: t.exposeString("body", { description: "Its text; never empty." }),
    url: t.exposeString("url", { nullable: true, description: "Where it leads: a link for the app to open." }),
    priority: t.exposeInt("priority", { description: "−1000 to 1000; the highest is shown first." }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      nullable: true,
      description: "When it is not to be shown any more; null when it does not expire.",
    }),
    shownAt: t.expose("shownAt", { type: "DateTime", nullable: true, description: "When it was shown; null before." }),
  }),
});

builder.queryField("nextPopup", (t) =>
  t.field({
    type: PopupType,
    nullable: true,
    description:
      "What to show next; null when there is nothing. Ask when the app opens, then call `popupShown` " +
      "before you show it.",
    authScopes: members,
    resolve: (_root, _args, { ctx }) => nextPopup(ctx),
  }),
);

refusable("popupShown", {
  description:
    "Claims a popup before it is shown. Of all your devices one is answered the popup and shows it; the " +
    "others are answered WrongState and do not.",
  scopes: members,
  result: PopupType,
  refusals: { NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({ popupId: t.globalID({ for: PopupType, required: true, description: "Which one." }) }),
  resolve: ({ popupId }, ctx) => showPopup(ctx, { run: toRowId(popupId.id) }),
});
