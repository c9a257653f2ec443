// What the API says of webhooks; it declares its part on the builder when it is imported.
import "./webhook.ts";
