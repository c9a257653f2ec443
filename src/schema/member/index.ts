// What the API says of members, their files and segments; each file declares its part on the builder when it is imported.
import "./member.ts";
import "./import.ts";
import "./segment.ts";
import "./audience.ts";
