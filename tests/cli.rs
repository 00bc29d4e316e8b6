//! The program, as people meet it: arguments and files in, streams and exit codes out.

mod cli {
    mod bad_files;
    mod check;
    mod demo;
    mod effective;
    mod faults;
    mod graph;
    mod help;
    mod init;
    mod program;
    mod usage;
}
