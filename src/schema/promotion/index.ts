// What the API says of promotions; it declares its part on the builder when it is imported.
import "./promotion.ts";
