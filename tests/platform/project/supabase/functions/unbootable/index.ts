// Fails before it serves anything.
throw new Error("at the top of the module");
