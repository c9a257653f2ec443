import { toldOnce } from "../../coupon/template/told.ts";
import type { Language } from "../../language.ts";
import type { Types } from "../kit/builder.ts";
import { languageArg, toldIn } from "../kit/money.ts";

type Fields<Template extends object> = PothosSchemaTypes.ObjectFieldBuilder<Types, Template>;

/** A field that tells of a template in the language that is asked for. */
export function toldField<Template extends object>(
  t: Fields<Template>,
  what: string,
  description: string,
  tell: (template: Template, language: Language) => string,
) {
  return t.string({
    description,
    args: { language: t.arg.string({ description: languageArg }) },
    resolve: (template, { language }, { ctx }) => {
      const asked = toldIn(ctx, language);
      return toldOnce(ctx, template, `${what} ${asked}`, () => tell(template, asked));
    },
  });
}
