import { afterAll } from "bun:test";
import { removeTempDirs } from "./temp.ts";

// Preloaded by bunfig.toml: a hook here runs once, after the last test of all files.
afterAll(removeTempDirs);
