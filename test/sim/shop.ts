import "./kernel/globals.ts";
