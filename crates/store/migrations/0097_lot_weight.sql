-- Whose word on a lot counts: 2 for the firm whose product it is, and 1 where the lot comes into being.
alter table lot rename column made to weight;
