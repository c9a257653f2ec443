import Database from "libsql";

/**
 * Every connection to a file is closed once, however it is closed.
 *
 * libsql 0.5.29 closes the handle of a connection twice when no statement of it is left. The second close reads memory
 * that is freed by then: it ends the process, or closes whatever connection was opened there since. A connection that
 * a statement still holds is closed together with it, once, when that statement is collected.
 */
Database.prototype.close = new Proxy(Database.prototype.close, {
  apply(close, connection, args) {
    connection.prepare("SELECT 1");
    return Reflect.apply(close, connection, args);
  },
});
