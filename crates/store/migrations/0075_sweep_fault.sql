-- A clock or a publication that the sweep could not bring forward: since when, how often it was tried, and why. The row goes when it succeeds.
create table sweep_fault (
    what text not null,                 -- clock, document
    id {int} not null,
    since {int} not null,
    tried {int} not null,
    tries {int} not null,
    problem text not null,
    primary key (what, id)
);
