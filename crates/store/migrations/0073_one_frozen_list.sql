-- One list at a time waits for its draw: two could be drawn one after the other and the better one kept.
create unique index sampling_draw_waiting on sampling_draw (task) where state = 'frozen';
create unique index inspection_draw_waiting on inspection_draw (plan, region) where state = 'frozen';
create unique index retest_draw_waiting on retest_draw (matter) where drawn is null;
